package io.shigoto.support;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The user that the programs of PostgreSQL run as: PostgreSQL refuses root, and build machines are
 * often root.
 */
enum PostgresUser {
  /** The user of this JVM, who is not root. */
  SAME(List.of()),

  /** Root in a user namespace where it looks like {@code nobody}; files need no other owner. */
  NAMESPACE(List.of("unshare", "-U")),

  /** Really {@code nobody}, for containers that do not allow namespaces. */
  NOBODY(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));

  private final List<String> prefix;

  PostgresUser(List<String> prefix) {
    this.prefix = prefix;
  }

  static PostgresUser find() {
    if (!"0".equals(idPrintedBy(SAME))) {
      return SAME;
    }
    return "65534".equals(idPrintedBy(NAMESPACE)) ? NAMESPACE : NOBODY;
  }

  List<String> command(Path program, List<String> arguments) {
    List<String> command = new ArrayList<>(prefix);
    command.add(program.toString());
    command.addAll(arguments);
    return command;
  }

  /** Makes {@code directory} belong to this user. */
  void own(Path directory) throws IOException {
    if (this == NOBODY) {
      Programs.run(List.of("chown", "65534:65534", directory.toString()));
    }
  }

  private static String idPrintedBy(PostgresUser user) {
    try {
      return Programs.run(user.command(Path.of("id"), List.of("-u"))).strip();
    } catch (IOException e) {
      return "not to be had";
    }
  }
}
