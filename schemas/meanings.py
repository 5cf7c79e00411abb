"""What every typed property of an event means, in a sentence: descriptions of the JSON Schema, of the SDKs' types and of docs/events.md."""

PROPERTY: dict[str, str] = {
    "items": "The products that the event is about.",
    "cart_items": "The whole cart after the event, where the client knows it.",
    "cart_id": "The shop's own id of the cart; without it the person has one cart.",
    "order_id": "The shop's own id of the order.",
    "value": "What the event is worth, in `currency`: of a purchase its revenue, of a refund what was paid back.",
    "currency": "ISO 4217 code of every amount of the event.",
    "coupon": "The coupon code that was used.",
    "payment_method": "How it was paid, or was to be paid.",
    "checkout_step": "Which step of the checkout was reached; 0 means none.",
    "search_term": "What was searched for.",
    "list_id": "The list of products that was shown or picked from.",
    "share_id": "The share that was made, or through which someone came.",
    "parent_share_id": "The share through which whoever shares came; makes the chain.",
    "method": "By which means: of a login, of a share.",
    "content_type": "What was shared: product, cart, page.",
    "group_buy_id": "The group purchase.",
    "group_size": "How many persons, the opener among them, make the group purchase come about.",
    "experiment_id": "The experiment (A/B test).",
    "variant": "Which variant of the experiment was shown.",
    "rating": "Stars or points of a review.",
    "purposes": "Consent by purpose; true is given, false is withdrawn.",
    "target": "What was clicked.",
}

ITEM: dict[str, str] = {
    "product_id": "The shop's own id of the product.",
    "name": "The product's name.",
    "category": "Its category, levels joined by ` > `.",
    "brand": "Its brand.",
    "variant": "Size, colour and the like; the same product in another variant is another line of the cart.",
    "price": "The price of one unit, in the event's currency.",
    "quantity": "How many.",
}
