/** What a page sends when it is shown. */
export declare function view(): void;
export declare function listen(): void;
