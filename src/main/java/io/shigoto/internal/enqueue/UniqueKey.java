package io.shigoto.internal.enqueue;

import io.shigoto.internal.json.Json;
import io.shigoto.worker.Unique;
import io.shigoto.worker.Unique.Field;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * What is compared to tell whether jobs are the same: half of the SHA-256 of the chosen fields in
 * their canonical form. That any two of 10^12 jobs get the same one by chance has a probability of
 * about 10^-15.
 */
final class UniqueKey {

  /** Looking one up reads files: once, and then it is copied. */
  private static final MessageDigest SHA_256 = sha256();

  private UniqueKey() {}

  /**
   * @param args as JSON
   * @throws IllegalArgumentException if the args do not have what is to be compared
   */
  static String of(Unique unique, String worker, String queue, String args, Json json) {
    StringBuilder text = new StringBuilder("1");
    if (unique.fields().contains(Field.WORKER)) {
      text.append("\0worker\0").append(worker);
    }
    if (unique.fields().contains(Field.QUEUE)) {
      text.append("\0queue\0").append(queue);
    }
    if (unique.fields().contains(Field.ARGS)) {
      text.append(unique.argsKeys().isEmpty() ? "\0args\0" : "\0some args\0")
          .append(json.canonical("args of a job for '" + worker + "'", args, unique.argsKeys()));
    }
    return digest(text.toString());
  }

  private static String digest(String text) {
    try {
      MessageDigest sha256 = (MessageDigest) SHA_256.clone();
      ByteBuffer hash = ByteBuffer.wrap(sha256.digest(text.getBytes(StandardCharsets.UTF_8)));
      return new UUID(hash.getLong(), hash.getLong()).toString();
    } catch (CloneNotSupportedException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
