/** What only chains, rules and traces in nft's language, or of bridges and devices, ask for. */
export { missingNumbers, missingWords } from './counterfactual/missing-numbers.ts'
export { droppedInLinkChains } from './findings/link-chains.ts'
export { markedInVain } from './findings/marked-in-vain.ts'
export { addInNewChain } from './nft-base-chain.ts'
export { observedOrder } from './verify-fixes/observed-order.ts'
