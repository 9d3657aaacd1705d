/** Words of an iptables-save line and their quoting, as iptables-restore splits them (iptables/xshared.c, add_param_to_argv). */

/**
 * Splits at blanks; `"…"` holds blanks, and inside it `\\` takes the next character as it is. The closing quote ends the
 * word: `a"b c"d` is two. A carriage return counts as a blank, for files that came by way of Windows.
 */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!
    if (quoted) {
      if (char === '"') {
        words.push(word)
        word = ''
        quoted = false
      } else word += char === '\\' && i + 1 < text.length ? text[++i] : char
    } else if (char === '"') quoted = true
    else if (char === ' ' || char === '\t' || char === '\n' || char === '\r') {
      if (word !== '') words.push(word)
      word = ''
    } else word += char
  }
  if (word !== '' || quoted) words.push(word)
  return words
}

/** As libxtables prints free text (xtables_save_string): bare where it is only letters, digits, `_` and `-`. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_-]+$/.test(text) ? text : `"${text.replace(/["\\']/g, '\\$&')}"`
}

/** Quoted only where it would not be one word otherwise. */
export const protect = (word: string): string => (word === '' || /[\s"]/.test(word) ? quote(word) : word)
