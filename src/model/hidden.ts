/** Characters that have no place on a terminal: they move a cursor, turn the reading direction round, hide or break a line. */

/** Control and format characters, line separators, lone surrogates, and what has no shape of its own. */
export const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/**
 * What may be hidden: the class above is slow, and takes V8 8 ms to compile. Left out is what never is: ASCII, Latin
 * letters, and the arrows, dashes and marks of our own sentences.
 */
export const OTHERS = /[^\x20-\x7e\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u23ff\u2500-\u27bf]+/g

export const PLAIN = /^[\x20-\x7e]*$/
