declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, once that is known: `token/<name>`, `node/<id>`, `key/<id>`. */
    actor?: string;
  }
}

export {};
