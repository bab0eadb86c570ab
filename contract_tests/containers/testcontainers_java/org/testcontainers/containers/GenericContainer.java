package org.testcontainers.containers;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.testcontainers.containers.wait.strategy.Wait;

/**
 * As much of testcontainers for Java as the documents use, by the command `docker`: the library is on Maven Central only,
 * which is not within reach of these tests. Names and meaning are the library's.
 */
public class GenericContainer<SELF extends GenericContainer<SELF>> implements AutoCloseable {
    private final String image;
    private final List<String> options = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private Wait.Http wait;
    private String id;

    public GenericContainer(String image) {
        this.image = image;
    }

    public GenericContainer<SELF> withExposedPorts(Integer... ports) {
        for (Integer port : ports) {
            this.ports.add(port);
            options.add("--publish=127.0.0.1::" + port);
        }
        return this;
    }

    public GenericContainer<SELF> withEnv(String name, String value) {
        options.add("--env=" + name + "=" + value);
        return this;
    }

    public GenericContainer<SELF> waitingFor(Wait.Http wait) {
        this.wait = wait;
        return this;
    }

    public void start() {
        List<String> command = new ArrayList<>(List.of("run", "--detach"));
        command.addAll(options);
        command.add(image);
        id = docker(command.toArray(new String[0]));
        String url = "http://" + getHost() + ":" + getMappedPort(ports.get(0)) + wait.path;
        for (long until = System.currentTimeMillis() + 60_000; !answers(url); ) {
            if (System.currentTimeMillis() > until) {
                throw new IllegalStateException("Timed out waiting for URL to be accessible (" + url + ")");
            }
        }
    }

    public String getHost() {
        return "localhost";
    }

    public Integer getMappedPort(int port) {
        String address = docker("port", id, port + "/tcp").lines().findFirst().orElseThrow();
        return Integer.valueOf(address.substring(address.lastIndexOf(':') + 1));
    }

    @Override
    public void close() {
        docker("rm", "--force", id);
    }

    private static boolean answers(String url) {
        try {
            Thread.sleep(100);
            return ((HttpURLConnection) URI.create(url).toURL().openConnection()).getResponseCode() == 200;
        } catch (IOException refused) {
            return false;
        } catch (InterruptedException stopped) {
            throw new IllegalStateException(stopped);
        }
    }

    private static String docker(String... arguments) {
        List<String> command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(arguments));
        try {
            Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            String said = new String(process.getInputStream().readAllBytes()).strip();
            if (process.waitFor() != 0) {
                throw new IllegalStateException(command + " failed");
            }
            return said;
        } catch (IOException | InterruptedException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
