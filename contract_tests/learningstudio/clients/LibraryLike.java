import java.io.BufferedReader;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URL;
import java.net.URLEncoder;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.HttpsURLConnection;

/**
 * An integrator's client with the address of LearningStudio built in, which sends what Pearson's Java library sends: the
 * same escaping, order of parameters, headers and way of reading an answer. Nothing but the JDK.
 *
 * Arguments: application id, name, consumer key, secret, client string, username, password, user id, course id, gradebook
 * item, other user id. Prints one line per request: what, status, body.
 */
public class LibraryLike {
    static final String DOMAIN = "https://api.learningstudio.com";
    static String application, name, key, secret, campus;

    public static void main(String[] a) throws Exception {
        application = a[0];
        name = a[1];
        key = a[2];
        secret = a[3];
        campus = a[4];
        String username = a[5], password = a[6], user = a[7], course = a[8], item = a[9], other = a[10];

        signed("GET", "/systemDateTime", "");
        signed("GET", "/systemDateTime.xml", "");
        String courses = signed("GET",
                "/users/" + user + "/courses?expand=course&startDatesBetween=01/01/2014,06/30/2030", "");
        // Follow the link as the library does: what comes after the domain.
        String href = courses.split("\"href\":\"")[5].split("\"")[0];
        signed("GET", href.substring(href.indexOf(DOMAIN) + DOMAIN.length()), "");
        signed("GET", "/courses/ccn=ABC.1", "");

        String grade = "/users/" + other + "/courses/" + course + "/gradebook/gradebookItems/" + item + "/grade";
        signed("POST", grade, "{\"grade\":{\"points\":8,\"letterGrade\":\"B\",\"comments\":\"line\\r\\ntwo >>>???\"}}");
        signed("PUT", grade, "{\"grade\":{\"points\":9}}");
        signed("PUT", grade, "");
        signed("DELETE", grade, "");

        String token = field(asked("grant_type=assertion&assertion_type="
                + encoded("urn:ecollege:names:moauth:1.0:assertion") + "&assertion=" + encoded(assertion(username))),
                "access_token");
        as(token, "/me");
        as(token, "/users/" + other);
        String pair = asked("grant_type=password&client_id=" + encoded(application) + "&username="
                + encoded(campus + "\\" + username) + "&password=" + encoded(password));
        as(field(pair, "access_token"), "/me/courses");
        asked("grant_type=refresh_token&client_id=" + encoded(application) + "&refresh_token="
                + encoded(field(pair, "refresh_token")));
    }

    static String assertion(String username) throws Exception {
        java.text.DateFormat format = new java.text.SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss");
        format.setTimeZone(java.util.TimeZone.getTimeZone("GMT"));
        String text = name + "|" + key + "|" + application + "|" + campus + "|" + username + "|"
                + format.format(new java.util.Date()) + "Z";
        StringBuilder hex = new StringBuilder();
        for (byte b : cmac(text)) {
            hex.append(String.format("%02x", b));
        }
        return text + "|" + hex;
    }

    static String asked(String form) throws Exception {
        byte[] body = form.getBytes("UTF-8");
        HttpsURLConnection connection = (HttpsURLConnection) new URL(DOMAIN + "/token").openConnection();
        connection.setRequestMethod("POST");
        connection.setRequestProperty("Content-Type", "application/x-www-form-urlencoded");
        connection.setRequestProperty("Content-Length", "" + body.length);
        connection.setDoOutput(true);
        connection.getOutputStream().write(body);
        return read("POST /token", connection);
    }

    static void as(String token, String path) throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) new URL(DOMAIN + path).openConnection();
        connection.addRequestProperty("X-Authorization", "Access_Token access_token=" + token);
        read("GET " + path, connection);
    }

    static String signed(String method, String path, String body) throws Exception {
        URL url = new URL(DOMAIN + path);
        Map<String, String> oauth = new LinkedHashMap<>();
        oauth.put("oauth_consumer_key", key);
        oauth.put("application_id", application);
        oauth.put("oauth_signature_method", "CMAC-AES");
        oauth.put("oauth_timestamp", Long.toString(System.currentTimeMillis() / 1000));
        oauth.put("oauth_nonce", new Random().ints(32, 0, 36).collect(StringBuilder::new,
                (text, digit) -> text.append(Character.forDigit(digit, 36)), StringBuilder::append).toString());
        Map<String, String> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        all.putAll(oauth);
        if (url.getQuery() != null) {
            for (String pair : url.getQuery().split("&")) {
                all.put(pair.split("=")[0], pair.split("=")[1]);
            }
        }
        if (method.equals("POST") || method.equals("PUT")) {
            all.put("body", encoded(encoded(Base64.getEncoder().encodeToString(body.getBytes("UTF-8")))));
        }
        StringBuilder joined = new StringBuilder();
        all.forEach((name, value) -> joined.append(joined.length() == 0 ? "" : "&").append(name + "=" + value));
        String base = method + "&" + encoded(url.getPath()) + "&" + encoded(joined.toString());
        oauth.put("oauth_signature", Base64.getEncoder().encodeToString(cmac(base)));
        StringBuilder header = new StringBuilder("OAuth realm=\"" + url.toString().split("\\?")[0] + "\"");
        for (Map.Entry<String, String> pair : oauth.entrySet()) {
            header.append("," + pair.getKey() + "=\"" + encoded(pair.getValue()) + "\"");
        }
        HttpsURLConnection connection = (HttpsURLConnection) url.openConnection();
        connection.setRequestMethod(method);
        connection.addRequestProperty("X-Authorization", header.toString());
        if (body.length() > 0) {
            connection.setRequestProperty("Content-Type", "application/json");
            connection.setDoOutput(true);
            try (DataOutputStream out = new DataOutputStream(connection.getOutputStream())) {
                out.writeBytes(body);
            }
        }
        return read(method + " " + path, connection);
    }

    static String read(String what, HttpsURLConnection connection) throws IOException {
        int status = connection.getResponseCode();
        InputStream stream = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        String line = stream == null ? "" : new BufferedReader(new InputStreamReader(stream, "UTF-8")).readLine();
        System.out.println(what + "\t" + status + "\t" + line);
        return line == null ? "" : line;
    }

    static String field(String json, String name) {
        return json.split("\"" + name + "\":\"")[1].split("\"")[0];
    }

    static String encoded(String text) throws IOException {
        return URLEncoder.encode(text, "UTF-8");
    }

    /** CMAC over AES (RFC 4493). */
    static byte[] cmac(String text) throws Exception {
        Cipher aes = Cipher.getInstance("AES/ECB/NoPadding");
        aes.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(secret.getBytes("UTF-8"), "AES"));
        byte[] message = text.getBytes("UTF-8");
        int blocks = Math.max(1, (message.length + 15) / 16);
        boolean whole = message.length > 0 && message.length % 16 == 0;
        byte[] last = doubled(aes.doFinal(new byte[16]));
        if (!whole) {
            last = doubled(last);
        }
        byte[] state = new byte[16];
        for (int block = 0; block < blocks; block++) {
            for (int i = 0; i < 16; i++) {
                int at = block * 16 + i;
                int value = at < message.length ? message[at] : at == message.length ? 0x80 : 0;
                state[i] ^= (byte) (block == blocks - 1 ? value ^ last[i] : value);
            }
            state = aes.doFinal(state);
        }
        return state;
    }

    static byte[] doubled(byte[] block) {
        byte[] result = new byte[16];
        for (int i = 0; i < 16; i++) {
            result[i] = (byte) (block[i] << 1 | (i < 15 ? (block[i + 1] & 0x80) >> 7 : 0));
        }
        if ((block[0] & 0x80) != 0) {
            result[15] ^= (byte) 0x87;
        }
        return result;
    }
}
