using System.Net.Security;
using System.Net.Sockets;

namespace MoeActors.Actors.ControlPlane;

/// <summary>A proven connection: its socket, and the TLS stream that owns it.</summary>
internal sealed class ControlWire(Socket socket, SslStream stream) : IDisposable
{
    internal SslStream Stream => stream;

    internal static void Prepare(Socket socket)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
    }

    /// <summary>Ends both directions at once, with a reset: what waits in the kernel is lost. Waiting reads and writes fail.</summary>
    internal static void Abort(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
            socket.Close();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Ended already.
        }
    }

    internal void Abort() => Abort(socket);

    /// <summary>Nothing more is sent; what was sent still arrives.</summary>
    internal void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Ended already.
        }
    }

    public void Dispose() => stream.Dispose();
}
