// Two words for a hash: what two people say to each other on the phone to know that they have the same thing before their eyes.
// 16,384 pairs; short, common words, far apart in sound within each list. It is a check for honest people, no proof: presses are
// bound to the whole hash. The lists are fixed: another order would give another code for the same thing.
const FIRST = `amber azure bitter blue bold brass bright broad bronze brown calm chilly civil clean clear clever cloudy coral cosy crimson crisp curly
damp daring dark deep dense double dry dusty eager early earthy easy empty equal faint fancy fast fine firm flat fluffy foggy fresh frosty gentle giant glossy golden
grand green grey handy happy hardy hazy heavy hidden hollow honest humble icy indigo ivory jolly keen kind large late lazy level light lilac lively
lonely loud loyal lucky lunar maple mellow merry mild misty modest narrow neat nimble noble olive open orange pale patient pearly pink plain polite
proud purple quick quiet rapid ready red rosy rough royal ruby rusty sandy scarlet shady sharp shiny silent silver simple sleepy slow small smooth snowy soft solid spicy steady`.split(/\s+/)
const SECOND = `acorn anchor apple arrow badger barrel basket beach beaver bell berry bicycle birch bison blanket bottle branch bridge bucket button cabin cactus
camel candle canyon carpet castle cedar cello cherry clover cobra compass copper cricket crown daisy desert dolphin donkey dragon drum eagle falcon feather fern
fiddle forest fountain fox garden giraffe glacier goose guitar hammer harbour hawk hedgehog heron horse island jacket jungle kettle kitten ladder lagoon
lantern lemon leopard lion lizard magnet meadow melon mirror monkey mountain mushroom needle oak ocean orchid otter owl panda parrot peach pebble
pelican pencil penguin piano pigeon planet pony puzzle rabbit raven river robin rocket saddle salmon scooter seal shadow spider squirrel tiger
tulip turtle valley violin walnut whale window wolf yacht zebra zipper anvil biscuit canoe kayak marble ticket`.split(/\s+/)

/** "amber otter". The same hash gives the same words; any text that is no hash gives words as well. */
export function twoWords(hash: string): string {
  const bits = Number.parseInt(/^[0-9a-f]{8}/.exec(hash)?.[0] ?? '0', 16)
  return `${FIRST[bits % FIRST.length]} ${SECOND[Math.floor(bits / FIRST.length) % SECOND.length]}`
}

/** For the test of the lists. */
export const LISTS: readonly (readonly string[])[] = [FIRST, SECOND]
