/** Characters that have no place on a terminal: they move a cursor, turn the reading direction round, hide or break a line. */

/** Control and format characters, line separators, lone surrogates, and what has no shape of its own. */
export const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** What may be hidden: the class above is slow, and nearly all text is not among these. */
export const OTHERS = /[^\x20-\x7e]+/g

export const PLAIN = /^[\x20-\x7e]*$/
