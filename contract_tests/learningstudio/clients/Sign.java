import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs a request to LearningStudio as Pearson's Java library does: query values as they are, a TreeMap without case.
 *
 * Arguments: method, path with its query, body, consumer key, application id, secret, timestamp, nonce.
 */
public class Sign {
    public static void main(String[] a) throws Exception {
        String[] target = a[1].split("\\?", 2);
        Map<String, String> signed = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        signed.put("oauth_consumer_key", a[3]);
        signed.put("application_id", a[4]);
        signed.put("oauth_signature_method", "CMAC-AES");
        signed.put("oauth_timestamp", a[6]);
        signed.put("oauth_nonce", a[7]);
        StringBuilder header = new StringBuilder("OAuth realm=\"https://api.learningstudio.com" + target[0] + "\"");
        for (Map.Entry<String, String> one : signed.entrySet()) {
            header.append(",").append(one.getKey()).append("=\"").append(encoded(one.getValue())).append("\"");
        }
        if (target.length > 1) {
            for (String pair : target[1].split("&")) {
                String[] parts = pair.split("=", 2);
                signed.put(parts[0], parts.length > 1 ? parts[1] : "");
            }
        }
        if (a[0].equals("POST") || a[0].equals("PUT")) {
            byte[] body = a[2].getBytes(StandardCharsets.UTF_8);
            signed.put("body", encoded(encoded(Base64.getEncoder().encodeToString(body))));
        }
        StringBuilder joined = new StringBuilder();
        for (Map.Entry<String, String> one : signed.entrySet()) {
            joined.append(joined.length() == 0 ? "" : "&").append(one.getKey()).append("=").append(one.getValue());
        }
        String base = a[0] + "&" + encoded(target[0]) + "&" + encoded(joined.toString());
        byte[] tag = cmac(a[5].getBytes(StandardCharsets.UTF_8), base.getBytes(StandardCharsets.UTF_8));
        String signature = encoded(Base64.getEncoder().encodeToString(tag));
        System.out.print(header + ",oauth_signature=\"" + signature + "\"");
    }

    static String encoded(String text) throws Exception {
        return URLEncoder.encode(text, "UTF-8");
    }

    static byte[] doubled(byte[] in) {
        byte[] out = new byte[16];
        for (int at = 0; at < 16; at++) {
            out[at] = (byte) (in[at] << 1 | (at < 15 ? (in[at + 1] & 0xff) >> 7 : 0));
        }
        if (in[0] < 0) {
            out[15] ^= (byte) 0x87;
        }
        return out;
    }

    static byte[] cmac(byte[] key, byte[] message) throws Exception {
        Cipher aes = Cipher.getInstance("AES/ECB/NoPadding");
        aes.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(key, "AES"));
        byte[] subkey = doubled(aes.doFinal(new byte[16]));
        int whole = Math.max(0, (message.length - 1) / 16);
        byte[] last = Arrays.copyOfRange(message, whole * 16, whole * 16 + 16);
        int rest = message.length - whole * 16;
        if (rest < 16) {
            subkey = doubled(subkey);
            last[rest] = (byte) 0x80;
        }
        byte[] sum = new byte[16];
        for (int at = 0; at <= whole; at++) {
            for (int i = 0; i < 16; i++) {
                sum[i] ^= at < whole ? message[at * 16 + i] : (byte) (last[i] ^ subkey[i]);
            }
            sum = aes.doFinal(sum);
        }
        return sum;
    }
}
