/** A URL without the user and password that it may have, whether or not it is written as it should be. */
export const withoutPassword = (url: string): string => url.replace(/^([a-z0-9+.-]*:\/*).*@/is, '$1')

/** A part of a URL, as it is where it is not encoded. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Behind what is wrong with a URL. */
export const HOW_ENCODED = 'Special characters in a password have to be encoded: @ is %40, / is %2F.'
