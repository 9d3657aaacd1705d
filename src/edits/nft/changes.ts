/** What changes nft's tables: what later.ts fetches. */
export { editNft } from './apply.ts'
export { editByComment } from './by-comment.ts'
