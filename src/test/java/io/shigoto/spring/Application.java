package io.shigoto.spring;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Shigoto;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.transaction.ReactiveTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;

@Configuration
@EnableTransactionManagement
class Application {

  @Bean
  Shigoto shigoto(ConnectionFactory connectionFactory) {
    return Shigoto.builder(connectionFactory).build();
  }

  @Bean
  Registration registration(DatabaseClient database, Shigoto shigoto) {
    return new Registration(database, shigoto);
  }

  @Bean
  DatabaseClient database(ConnectionFactory connectionFactory) {
    return DatabaseClient.create(connectionFactory);
  }

  @Bean
  ReactiveTransactionManager transactions(ConnectionFactory connectionFactory) {
    return new R2dbcTransactionManager(connectionFactory);
  }
}
