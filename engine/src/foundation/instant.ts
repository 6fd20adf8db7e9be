// Instants as PostgreSQL tells them where a date would cost too much to read.

/**
 * The instant that PostgreSQL tells as seconds since 1970, cut to the millisecond as a Date is. A binary fraction lies up to a
 * quarter of a microsecond beside the decimal one, which must not make it the millisecond before.
 */
export const instantFrom = (seconds: number): Date => new Date(Math.floor(seconds * 1000 + 0.0005));
