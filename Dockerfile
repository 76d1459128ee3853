# The product as an image. The context is a folder that `dotnet publish src/Host -c Release -p:PublishReadyToRun=true -o FOLDER` has filled:
#   docker build -f Dockerfile --build-arg BASE=IMAGE -t moe FOLDER
# BASE holds the ASP.NET Core 10 runtime and the C++ library of GCC 13 or newer: Microsoft's dotnet/aspnet:10.0 by its digest (eng/container-base.sh prints it), or what
# eng/container-base.sh makes. Nothing else is needed in it: no shell tools, no compiler, no network tools.
ARG BASE
FROM ${BASE}
# As under ./moe: waiting threads sleep, no library changes its number of threads, memory does not fragment.
ENV OMP_WAIT_POLICY=PASSIVE OMP_DYNAMIC=FALSE MKL_DYNAMIC=FALSE MALLOC_ARENA_MAX=1 DOTNET_gcServer=0 DOTNET_TieredPGO=0 HOME=/var/lib/moe
COPY . /opt/moe/
# Runs as a user that owns its working folder, where a node keeps journal, logs and flight recorders, and nothing else. `docker run --user` may name another, who then needs a
# folder of its own (node.data-dir, --run-dir) on a volume.
RUN echo 'moe:x:10001:10001::/var/lib/moe:/usr/sbin/nologin' >>/etc/passwd && echo 'moe:x:10001:' >>/etc/group \
  && mkdir -p /var/lib/moe && chown 10001:10001 /var/lib/moe && chmod 700 /var/lib/moe
USER 10001:10001
WORKDIR /var/lib/moe
ENTRYPOINT ["dotnet", "/opt/moe/MoeActors.Host.dll"]
