/** The few signs that reports use besides letters, and what stands for them where only ASCII may be shown. */
export const UNICODE = {
  good: '✓',
  bad: '✗',
  unsure: '?',
  look: '!',
  to: '→',
  becomes: '⇒',
  culprit: '➜',
  times: '×',
  between: '·',
  cut: '…',
  until: '–',
  selected: '▸',
  line: '─',
  beside: '│',
  arrows: '↑↓',
}

export type Marks = typeof UNICODE

export const ASCII: Marks = {
  good: '+',
  bad: 'x',
  unsure: '?',
  look: '!',
  to: '->',
  becomes: '=>',
  culprit: '>',
  times: 'x',
  between: '-',
  cut: '...',
  until: '-',
  selected: '>',
  line: '-',
  beside: '|',
  arrows: 'up/down',
}
