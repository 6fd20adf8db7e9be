/** The mark and the name beside it. */
export function Brand() {
  return (
    <>
      <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#0c5a63" />
        <path
          d="M10 24V8h7.2a5.3 5.3 0 0 1 0 10.6H14"
          fill="none"
          stroke="#fff"
          strokeWidth="3"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
        <circle cx="21.6" cy="23" r="2" fill="#8fd8df" />
      </svg>
      Purser
    </>
  );
}
