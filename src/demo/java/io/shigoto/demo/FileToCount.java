package io.shigoto.demo;

import java.net.URI;
import java.nio.file.Path;

/**
 * The arguments of a job.
 *
 * @param file as a URI, which holds any name that a file system allows, also one that is no text
 * @param failsFirst whether its first attempt is to fail on purpose
 */
record FileToCount(URI file, boolean failsFirst) {

  Path path() {
    return Path.of(file);
  }
}
