import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

/** An integrator's own code, with hard-coded addresses; run as it stands. Arguments: API key of OpenLearning. */
public class WithJava {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder()
                .uri(URI.create("https://api.openlearning.com/v2.2/users/me/institutions/"))
                .header("X-API-Key", arguments[0])
                .build();
        HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        HttpRequest token = HttpRequest.newBuilder()
                .uri(URI.create("https://courses.edx.org/oauth2/access_token"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString("grant_type=client_credentials"))
                .build();
        HttpResponse<String> refused = client.send(token, HttpResponse.BodyHandlers.ofString());
        String institution = answer.body().split("\"id\":\"")[1].split("\"")[0];
        String error = refused.body().split("\"error\": *\"")[1].split("\"")[0];
        System.out.println(institution + " " + refused.statusCode() + " " + error);
    }
}
