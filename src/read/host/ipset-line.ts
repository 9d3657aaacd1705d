/** The lines of `ipset save`. */

/** How a set's type begins, which tells it from a word of its name. */
export const SET_TYPE = '(?:hash|bitmap|list):[a-z,]+'
/** A name may hold blanks, and ipset does not quote it: it ends where the type begins. */
export const CREATE = new RegExp(`^(?:create|-N) (.+?) (${SET_TYPE})(?: (.*))?$`)
/** Of a line without blanks around it. */
export const IGNORED = /^(?:#.*|COMMIT)?$/s
