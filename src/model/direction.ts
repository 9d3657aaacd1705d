/** `original`: from the one who began the connection; `reply`: back to it. */
export type Direction = 'original' | 'reply'

/** The opposite one. */
export const other = (direction: Direction): Direction => (direction === 'original' ? 'reply' : 'original')
