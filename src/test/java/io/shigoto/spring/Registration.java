package io.shigoto.spring;

import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.transaction.annotation.Transactional;
import reactor.core.publisher.Mono;

class Registration {

  record Signup(String email, String name) {}

  private final DatabaseClient database;
  private final Shigoto shigoto;

  Registration(DatabaseClient database, Shigoto shigoto) {
    this.database = database;
    this.shigoto = shigoto;
  }

  @Transactional
  public Mono<Receipt> register(Signup signup) {
    return database
        .sql("INSERT INTO users (email) VALUES (:email)")
        .bind("email", signup.email())
        .then()
        .then(shigoto.enqueue(NewJob.of("welcome-mail", signup)));
  }
}
