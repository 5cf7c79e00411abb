/** An amount of money: a number, or text where every digit is to be kept. */
export type Money = number | string;
/** One product in a cart, an order or a list; `price` is for one unit, in the event's currency. */
export interface Item {
    /** The shop's own id of the product. */
    product_id: string;
    /** The product's name. */
    name?: string;
    /** Its category, levels joined by ` > `. */
    category?: string;
    /** Its brand. */
    brand?: string;
    /** Size, colour and the like; the same product in another variant is another line of the cart. */
    variant?: string;
    /** The price of one unit, in the event's currency. */
    price?: Money | null;
    /** How many. */
    quantity?: number;
    [other: string]: unknown;
}
/** All properties an event may carry; others are kept as they are. */
export interface Properties {
    /** The products that the event is about. */
    items?: Item[];
    /** The whole cart after the event, where the client knows it. */
    cart_items?: Item[] | null;
    /** The shop's own id of the cart; without it the person has one cart. */
    cart_id?: string | null;
    /** The shop's own id of the order. */
    order_id?: string | null;
    /** What the event is worth, in `currency`: of a purchase its revenue, of a refund what was paid back. */
    value?: Money | null;
    /** ISO 4217 code of every amount of the event. */
    currency?: string | null;
    /** The coupon code that was used. */
    coupon?: string | null;
    /** How it was paid, or was to be paid. */
    payment_method?: string | null;
    /** Which step of the checkout was reached; 0 means none. */
    checkout_step?: number | null;
    /** What was searched for. */
    search_term?: string | null;
    /** The list of products that was shown or picked from. */
    list_id?: string | null;
    /** The share that was made, or through which someone came. */
    share_id?: string | null;
    /** The share through which whoever shares came; makes the chain. */
    parent_share_id?: string | null;
    /** By which means: of a login, of a share. */
    method?: string | null;
    /** What was shared: product, cart, page. */
    content_type?: string | null;
    /** The group purchase. */
    group_buy_id?: string | null;
    /** How many persons, the opener among them, make the group purchase come about. */
    group_size?: number | null;
    /** The experiment (A/B test). */
    experiment_id?: string | null;
    /** Which variant of the experiment was shown. */
    variant?: string | null;
    /** Stars or points of a review. */
    rating?: number | null;
    /** Consent by purpose; true is given, false is withdrawn. */
    purposes?: Record<string, boolean> | null;
    /** What was clicked. */
    target?: string | null;
    [other: string]: unknown;
}
/** A page was shown. */
export type PageViewProperties = Properties;
/** A screen of an app was shown. */
export type ScreenViewProperties = Properties;
/** The shop was searched. */
export interface SearchProperties extends Properties {
    /** What was searched for. */
    search_term: string;
}
/** A list of products was shown. */
export type ViewItemListProperties = Properties;
/** A product was picked from a list. */
export interface SelectItemProperties extends Properties {
    /** The products that the event is about. */
    items: Item[];
}
/** A product's page was seen. */
export interface ViewItemProperties extends Properties {
    /** The products that the event is about. */
    items: Item[];
}
/** Items were put into the cart; `quantity` is what was added. */
export interface AddToCartProperties extends Properties {
    /** The products that the event is about. */
    items: Item[];
}
/** Items were taken out; `quantity` is what was removed. */
export interface RemoveFromCartProperties extends Properties {
    /** The products that the event is about. */
    items: Item[];
}
/** The whole cart as it is now. */
export interface CartUpdateProperties extends Properties {
    /** The whole cart after the event, where the client knows it. */
    cart_items: Item[];
}
/** The cart was looked at. */
export type ViewCartProperties = Properties;
/** Checkout began. */
export type BeginCheckoutProperties = Properties;
/** A step of the checkout was reached. */
export type CheckoutStepProperties = Properties;
/** Payment details were given. */
export type AddPaymentInfoProperties = Properties;
/** A payment was refused. */
export type PaymentFailedProperties = Properties;
/** An order was placed; `value` is its revenue. */
export type PurchaseProperties = Properties;
/** An order was cancelled. */
export interface OrderCancelProperties extends Properties {
    /** The shop's own id of the order. */
    order_id: string;
}
/** An order was refunded, `value` of it. */
export interface RefundProperties extends Properties {
    /** The shop's own id of the order. */
    order_id: string;
}
/** A product was put on a wish list. */
export interface AddToWishlistProperties extends Properties {
    /** The products that the event is about. */
    items: Item[];
}
/** A product was taken off a wish list. */
export interface RemoveFromWishlistProperties extends Properties {
    /** The products that the event is about. */
    items: Item[];
}
/** A promotion was shown. */
export type ViewPromotionProperties = Properties;
/** A promotion was clicked. */
export type SelectPromotionProperties = Properties;
/** A product, a cart or a page was shared; makes a `share_id`. */
export type ShareProperties = Properties;
/** Someone came through a share. */
export interface ShareOpenProperties extends Properties {
    /** The share that was made, or through which someone came. */
    share_id: string;
}
/** An invitation was accepted. */
export interface InviteAcceptProperties extends Properties {
    /** The share that was made, or through which someone came. */
    share_id: string;
}
/** A group purchase was opened. */
export interface GroupBuyOpenProperties extends Properties {
    /** The group purchase. */
    group_buy_id: string;
}
/** A group purchase was joined. */
export interface GroupBuyJoinProperties extends Properties {
    /** The group purchase. */
    group_buy_id: string;
}
/** A variant of an experiment was shown. */
export interface ExperimentViewProperties extends Properties {
    /** The experiment (A/B test). */
    experiment_id: string;
    /** Which variant of the experiment was shown. */
    variant: string;
}
/** A product was reviewed. */
export type ReviewProperties = Properties;
/** An account was made. */
export type SignUpProperties = Properties;
/** Someone signed in. */
export type LoginProperties = Properties;
/** Something marked for tracking was clicked. */
export type ClickProperties = Properties;
/** Consent was given or withdrawn, by purpose. */
export interface ConsentProperties extends Properties {
    /** Consent by purpose; true is given, false is withdrawn. */
    purposes: Record<string, boolean>;
}
/** A device said which user it belongs to. */
export type IdentifyProperties = Properties;
/** Two ids are one user. */
export type AliasProperties = Properties;
/** A user belongs to a company or a group. */
export type GroupProperties = Properties;
/** An event outside the catalogue; its own name is in `event_raw`. */
export type CustomProperties = Properties;
/** The properties of every event of the catalogue. */
export interface EventMap {
    page_view: PageViewProperties;
    screen_view: ScreenViewProperties;
    search: SearchProperties;
    view_item_list: ViewItemListProperties;
    select_item: SelectItemProperties;
    view_item: ViewItemProperties;
    add_to_cart: AddToCartProperties;
    remove_from_cart: RemoveFromCartProperties;
    cart_update: CartUpdateProperties;
    view_cart: ViewCartProperties;
    begin_checkout: BeginCheckoutProperties;
    checkout_step: CheckoutStepProperties;
    add_payment_info: AddPaymentInfoProperties;
    payment_failed: PaymentFailedProperties;
    purchase: PurchaseProperties;
    order_cancel: OrderCancelProperties;
    refund: RefundProperties;
    add_to_wishlist: AddToWishlistProperties;
    remove_from_wishlist: RemoveFromWishlistProperties;
    view_promotion: ViewPromotionProperties;
    select_promotion: SelectPromotionProperties;
    share: ShareProperties;
    share_open: ShareOpenProperties;
    invite_accept: InviteAcceptProperties;
    group_buy_open: GroupBuyOpenProperties;
    group_buy_join: GroupBuyJoinProperties;
    experiment_view: ExperimentViewProperties;
    review: ReviewProperties;
    sign_up: SignUpProperties;
    login: LoginProperties;
    click: ClickProperties;
    consent: ConsentProperties;
    identify: IdentifyProperties;
    alias: AliasProperties;
    group: GroupProperties;
    custom: CustomProperties;
}
export type EventName = keyof EventMap;
export declare const EVENT_NAMES: readonly EventName[];
