"""nginx in front of the shop."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from .process import Process, answers, free_port
from .programs import program

_CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 512; }}
http {{
    log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                    '"$http_referer" "$http_user_agent" rt=$request_time uct=$upstream_connect_time '
                    'uht=$upstream_header_time urt=$upstream_response_time';
    access_log {access} main;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/json;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_connect_timeout 2s;
    proxy_read_timeout 6s;
    limit_req_zone $server_name zone=shop:1m rate={per_second}r/s;
{upstreams}
    server {{
        listen 127.0.0.1:{port};
        server_name shop.example.com;
        limit_req zone=shop burst=20 nodelay;
        location = / {{ return 200 '{{"shop": "open"}}'; }}
        location /products {{ proxy_pass http://catalog; }}
        location /search {{ proxy_pass http://catalog; }}
        location /carts {{ proxy_pass http://cart; }}
        location /orders {{ proxy_pass http://checkout; }}
        location / {{ root /var/www/shop; }}
    }}
    server {{
        listen 127.0.0.1:{status_port};
        access_log off;
        location = /stub_status {{ stub_status; }}
    }}
}}
"""


class Nginx(Process):
    """The front end; ``upstreams`` are names and ports of the services it passes requests to.

    It lets ``per_second`` requests pass, and a burst now and then.
    """

    def __init__(self, folder: Path, access: Path, error: Path, upstreams: dict[str, int], per_second: int) -> None:
        self.port, status_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.status_url = f"http://127.0.0.1:{status_port}/stub_status"
        place = folder / "nginx"
        place.mkdir()
        self.configuration = place / "nginx.conf"
        self.configuration.write_text(
            _CONFIGURATION.format(
                folder=place,
                per_second=per_second,
                access=access,
                port=self.port,
                status_port=status_port,
                user="user nobody nogroup;" if os.geteuid() == 0 else "",
                upstreams="\n".join(
                    f"    upstream {name} {{ server 127.0.0.1:{port}; keepalive 16; }}"
                    for name, port in upstreams.items()
                ),
            )
        )
        super().__init__(
            "nginx",
            [program("nginx"), "-p", str(place), "-c", str(self.configuration), "-e", str(error)],
            place / "output",
            ready=answers(self.status_url),
            stop_signal=signal.SIGTERM,
        )

    def reload(self) -> None:
        """Take over the configuration file as it is now."""
        self.signal(signal.SIGHUP)
