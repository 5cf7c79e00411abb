/** What the shop sells, each with its picture: plain shapes, so that the page needs no files and no network. */

const tin = (body, lid, label) => `<rect x="66" y="34" width="68" height="92" rx="8" fill="${body}"/><rect x="70" y="22" width="60" height="20" rx="6" fill="${lid}"/>
  <rect x="78" y="62" width="44" height="44" rx="22" fill="#fffdf6"/><path d="M100 70c10 6 13 14 8 22-2 3-5 5-8 7-3-2-6-4-8-7-5-8-2-16 8-22Z" fill="${label}"/><path d="M100 76v22" stroke="#fffdf6" stroke-width="1.5"/>`;

const pictures = {
  tin: (tint) => tin(tint, "#2b3a33", tint),
  pot: (tint) => `<path d="M58 74h84c4 30-12 50-42 50S54 104 58 74Z" fill="${tint}"/><path d="M140 82c22-6 30 6 16 30" fill="none" stroke="${tint}" stroke-width="9" stroke-linecap="round" transform="translate(-4 2)"/>
    <path d="M60 84C44 82 40 70 30 62" fill="none" stroke="${tint}" stroke-width="11" stroke-linecap="round"/><rect x="70" y="64" width="60" height="11" rx="5.5" fill="#2b3a33"/><circle cx="100" cy="57" r="7" fill="#2b3a33"/>`,
  cup: (tint) => `<path d="M62 58h70v30c0 20-14 34-35 34S62 108 62 88Z" fill="${tint}"/><path d="M132 66c20-2 22 30-4 32" fill="none" stroke="${tint}" stroke-width="8"/><ellipse cx="97" cy="58" rx="35" ry="8" fill="#7a4a21"/>
    <path d="M86 42c-6-8 6-12 0-20M106 42c-6-8 6-12 0-20" stroke="#fffdf6" stroke-width="4" fill="none" stroke-linecap="round" opacity=".9"/>`,
  whisk: (tint) => `<rect x="88" y="20" width="24" height="44" rx="8" fill="${tint}"/><path d="M88 64c-14 20-16 40-10 58M94 64c-6 20-6 42-4 60M100 64v62M106 64c6 20 6 42 4 60M112 64c14 20 16 40 10 58" stroke="${tint}" stroke-width="4.5" fill="none" stroke-linecap="round"/><rect x="86" y="60" width="28" height="7" rx="3" fill="#2b3a33"/>`,
};

const product = (product_id, name, category, price, picture, tint, ground, text) => ({ product_id, name, category, price, picture, tint, ground, text });

export const PRODUCTS = [
  product("sencha", "First-flush sencha", "Tea > Green", 14.5, "tin", "#4f8a5b", "#dfeada", "Steamed green tea from May. Grassy, sweet, a little of the sea."),
  product("assam", "Breakfast assam", "Tea > Black", 9.8, "tin", "#b4531a", "#f4dfc9", "Broad and malty. Stands up to milk and to Mondays."),
  product("oolong", "Roasted oolong", "Tea > Oolong", 18, "tin", "#7a5a86", "#e9dfeb", "Rolled leaves, roasted slowly. Good for six pots."),
  product("pot", "Clay teapot", "Ware > Pots", 42, "pot", "#a4593c", "#f1ddd0", "Half a litre, unglazed inside; pours without a drip."),
  product("cup", "Morning cup", "Ware > Cups", 16, "cup", "#3d6f8c", "#d8e6ec", "Thrown by hand; holds as much as a morning needs."),
  product("whisk", "Bamboo whisk", "Ware > Tools", 21.9, "whisk", "#c99a45", "#f5ead0", "Eighty fine tines, split from one piece of bamboo."),
];

export const find = (id) => PRODUCTS.find(({ product_id }) => product_id === id);

export const draw = ({ picture, tint, ground, name }) =>
  `<svg viewBox="0 0 200 150" preserveAspectRatio="xMidYMid slice" role="img" aria-label="${name}"><rect width="200" height="150" fill="${ground}"/><ellipse cx="100" cy="128" rx="62" ry="8" fill="#000" opacity=".07"/>${pictures[picture](tint)}</svg>`;

/** What cartwake is told of a product. */
export const asItem = ({ product_id, name, category, price }) => ({ product_id, name, category, price });
