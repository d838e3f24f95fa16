"""Send a JSON-RPC request and print the reply: ``python request.py URL``."""

import json
import sys

import wscli


def call(url: str, method: str, *params: object) -> object:
    """Return the reply to one request, which is the message with the same id."""
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    with wscli.connect(url) as session:
        session.send(json.dumps(request))
        for message in session:
            reply = json.loads(message)
            if reply.get("id") == 1:
                return reply
    raise SystemExit(f"{url} closed the connection before it replied")


def main() -> None:
    """Print the reply, or say why there is none."""
    try:
        print(json.dumps(call(sys.argv[1], "add", 1, 2)))
    except wscli.UpgradeError as error:
        raise SystemExit(f"{error}\n{error.evidence}") from None
    except wscli.WscliError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
