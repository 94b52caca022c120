"""What the database refuses is told without the values: logs take an error's words as they are."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tests import factories

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.mark.usefixtures("dialect")
def test_an_error_quotes_nobody(tmp_path):
    runtime = factories.opened(tmp_path / "home")
    with pytest.raises(SQLAlchemyError) as refused, runtime.writing() as conn:
        conn.execute(text("INSERT INTO nowhere (said) VALUES (:said)"), {"said": "my card number is 4111"})
    runtime.close()
    assert "nowhere" in str(refused.value)
    assert "4111" not in str(refused.value)
