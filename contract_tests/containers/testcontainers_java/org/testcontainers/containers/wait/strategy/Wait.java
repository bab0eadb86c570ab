package org.testcontainers.containers.wait.strategy;

/** See GenericContainer. */
public class Wait {
    public static Http forHttp(String path) {
        return new Http(path);
    }

    /** The first exposed port answers a GET of the path with 200. */
    public static class Http {
        public final String path;

        Http(String path) {
            this.path = path;
        }
    }
}
