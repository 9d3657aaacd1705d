/** What can stand in place of the characters `from` … `to` of a filter, as the worker tells the page. */
export interface Completion {
  from: number
  to: number
  /** `about`: how often it was seen, or what the word is for. */
  options: { text: string; about: string }[]
}
