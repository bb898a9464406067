from tests.looking import let_tests_look

let_tests_look()  # in every process of the tests: those that they start are of this package too
