//! A test that fails at its first attempt and passes at its second, as tests do
//! that depend on something slow. nextest tells a test its attempt.

#[test]
fn the_gate_opens() {
    let attempt = std::env::var("NEXTEST_ATTEMPT").unwrap_or_else(|_| "1".to_owned());
    assert_ne!(attempt, "1", "the gate was not yet open");
}
