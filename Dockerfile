# The product as an image. The context is a folder that `dotnet publish src/Host -c Release -p:PublishReadyToRun=true -o FOLDER` has filled:
#   docker build -f Dockerfile --build-arg BASE=IMAGE -t moe FOLDER
# BASE holds the ASP.NET Core 10 runtime and the C++ library of GCC 13 or newer: Microsoft's dotnet/aspnet:10.0, or what eng/container-base.sh makes.
ARG BASE
FROM ${BASE}
# As under ./moe: waiting threads sleep, no library changes its number of threads, memory does not fragment.
ENV OMP_WAIT_POLICY=PASSIVE OMP_DYNAMIC=FALSE MKL_DYNAMIC=FALSE MALLOC_ARENA_MAX=1 DOTNET_gcServer=0 DOTNET_TieredPGO=0 HOME=/var/lib/moe
COPY . /opt/moe/
# A node keeps journal, logs and flight recorders below the working folder, whoever runs it.
RUN mkdir -p /var/lib/moe && chmod 1777 /var/lib/moe
WORKDIR /var/lib/moe
ENTRYPOINT ["dotnet", "/opt/moe/MoeActors.Host.dll"]
