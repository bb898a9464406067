# The bot in a container: `run` by default, or any other verb. What it needs is brought in by hash, built in a stage of
# its own, and left behind there with the tools.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN ["python", "-m", "venv", "/app"]
WORKDIR /source
COPY requirements.txt requirements-build.txt ./
RUN ["/app/bin/pip", "install", "--require-hashes", "-r", "requirements.txt"]
RUN ["pip", "install", "--require-hashes", "-r", "requirements-build.txt"]
COPY pyproject.toml README.md LICENSE manifest.json ./
COPY prompts prompts
COPY scheduler scheduler
COPY bot bot
RUN ["pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "/wheels", "."]
RUN ["/app/bin/pip", "install", "--no-deps", "--no-index", "--find-links", "/wheels", "conference-coach"]
RUN ["/app/bin/pip", "uninstall", "--yes", "pip"]

FROM python:3.13-slim
RUN ["useradd", "--system", "--uid", "10001", "--create-home", "--home-dir", "/data", "coach"]
COPY --from=build /app /app
ENV PATH=/app/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HEALTH_ADDRESS=127.0.0.1:8081
USER 10001
# A SQLite file is kept here, and the file that knows who was erased.
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8081/livez', timeout=4)"]
ENTRYPOINT ["conference-coach"]
CMD ["run"]
