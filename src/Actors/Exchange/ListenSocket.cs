using System.Net;
using System.Net.Sockets;
using System.Text;

using MoeActors.Compute.Files;

namespace MoeActors.Actors.Exchange;

/// <summary>The listening socket: a Unix file only its owner may open, or TCP on loopback unless another host is configured.</summary>
internal sealed class ListenSocket : IDisposable
{
    private readonly Socket socket;
    private readonly string? file;
    private volatile bool disposed;
    private readonly string? ownFolder;

    internal ListenSocket(ExchangeOptions options)
    {
        EndPoint point;
        if (options.Listen == "unix")
        {
            (file, ownFolder) = SocketFile(options.Folder);
            point = new UnixDomainSocketEndPoint(file);
        }
        else
        {
            point = WireAddress.Parse(options.Listen);
            if (point is not IPEndPoint ip)
            {
                throw new ExchangeException($"the data plane cannot listen on {options.Listen}: expected \"unix\" or \"tcp:host:port\"");
            }

            if (!IPAddress.IsLoopback(ip.Address) && options.Secret.Length == 0)
            {
                throw new ExchangeException($"the data plane on {options.Listen} can be reached from other hosts: set cluster.secret to the same secret on all nodes");
            }
        }

        socket = WireAddress.NewSocket(point);
        try
        {
            socket.Bind(point);
            if (file is not null && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            socket.Listen(256);
        }
        catch (SocketException e)
        {
            Dispose();
            throw new ExchangeException($"the data plane cannot listen on {options.Listen}: {e.Message}; choose another cluster.host or data-plane.port (0 = a free one)", e);
        }

        Address = file is not null ? $"unix:{file}" : Advertised(options, (IPEndPoint)socket.LocalEndPoint!);
    }

    /// <summary>Where peers connect.</summary>
    internal string Address { get; }

    /// <summary>The next connection, or null once disposed.</summary>
    internal Socket? Accept()
    {
        while (true)
        {
            try
            {
                return socket.Accept();
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.TryAgain)
            {
                // The peer gave up while it waited.
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
            {
                // Out of descriptors: others will be closed. The pause keeps this thread from spinning on the error.
                Thread.Sleep(50);
            }
            catch (SocketException) when (!disposed)
            {
                // Of the network or of a filter on the way: the next connection may come through.
                Thread.Sleep(50);
            }
            catch (SocketException)
            {
                return null;
            }
        }
    }

    public void Dispose()
    {
        disposed = true;
        socket.Dispose();
        if (file is not null)
        {
            File.Delete(file);
        }

        if (ownFolder is not null)
        {
            Directory.Delete(ownFolder);
        }
    }

    /// <summary>The path of the socket, and the folder that was made for it alone where it would be too long in <paramref name="folder"/>.</summary>
    private static (string File, string? OwnFolder) SocketFile(string folder)
    {
        string name = $"moe-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}.sock";
        string path = Path.Combine(Path.GetFullPath(folder), name);
        try
        {
            if (Encoding.UTF8.GetByteCount(path) > WireAddress.MaxUnixPath)
            {
                // New, and this user's alone.
                string own = Directory.CreateTempSubdirectory("moe-").FullName;
                return (Path.Combine(own, name), own);
            }

            PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!);
            return (path, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ExchangeException($"the exchange's socket folder {folder} cannot be made: {e.Message}", e);
        }
    }

    private static string Advertised(ExchangeOptions options, IPEndPoint bound)
    {
        if (options.AdvertisedHost is null && (bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any)))
        {
            throw new ExchangeException($"the data plane on {options.Listen} names no host that peers can reach: set cluster.host to an address of this machine");
        }

        string host = options.AdvertisedHost ?? bound.Address.ToString();
        return host.Contains(':', StringComparison.Ordinal) ? $"tcp:[{host}]:{bound.Port}" : $"tcp:{host}:{bound.Port}";
    }
}
