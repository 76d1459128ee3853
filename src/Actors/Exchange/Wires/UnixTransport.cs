using System.Net.Sockets;
using System.Text;

using MoeActors.Compute.Files;

namespace MoeActors.Actors.Exchange.Wires;

/// <summary>Unix sockets between processes of one host: a file that only its owner may open.</summary>
internal sealed class UnixTransport(ExchangeOptions options) : ITransport
{
    // struct sockaddr_un holds 108 bytes, the terminating zero among them.
    internal const int MaxPath = 107;

    public string Scheme => "unix";

    public string Form => $"unix:/path of at most {MaxPath} bytes";

    public bool MayReach(string address) => address.StartsWith("unix:/", StringComparison.Ordinal) && Encoding.UTF8.GetByteCount(address) - 5 <= MaxPath;

    public IConnection Dial(string address) => new SocketConnection(NewSocket(), new UnixDomainSocketEndPoint(address[5..]), Open);

    public IWireListener Listen()
    {
        (string file, string? own) = SocketFile(options.Folder);
        Socket socket = NewSocket();
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(file));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            socket.Listen(256);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            Remove(file, own);
            throw new ExchangeException($"the data plane cannot listen at {file}: {e.Message}; choose another data folder", e);
        }

        return new SocketListener(socket, $"unix:{file}", Open, () => Remove(file, own));
    }

    public void Dispose()
    {
    }

    private static Socket NewSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private SocketWire Open(Socket socket) => new(socket, options);

    private static void Remove(string file, string? folder)
    {
        File.Delete(file);
        if (folder is not null)
        {
            Directory.Delete(folder);
        }
    }

    /// <summary>The path of the socket, and the folder that was made for it alone where it would be too long in <paramref name="folder"/>.</summary>
    private static (string File, string? OwnFolder) SocketFile(string folder)
    {
        string name = $"moe-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}.sock";
        string path = Path.Combine(Path.GetFullPath(folder), name);
        try
        {
            if (Encoding.UTF8.GetByteCount(path) > MaxPath)
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
}
