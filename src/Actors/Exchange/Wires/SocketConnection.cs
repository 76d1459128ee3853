using System.Net;
using System.Net.Sockets;

namespace MoeActors.Actors.Exchange.Wires;

/// <summary>A socket on its way to become a wire.</summary>
/// <param name="socket">The socket, which is the connection's.</param>
/// <param name="point">Where it is to connect; null where it was accepted.</param>
/// <param name="open">Makes the wire; owns the socket from then on, also when it throws.</param>
internal sealed class SocketConnection(Socket socket, EndPoint? point, Func<Socket, Wire> open) : IConnection
{
    public string From
    {
        get
        {
            try
            {
                return socket.RemoteEndPoint is IPEndPoint ip ? ip.Address.ToString() : "unix";
            }
            catch (SocketException)
            {
                return "gone";
            }
        }
    }

    public void Connect() => socket.Connect(point!);

    public Wire Open()
    {
        try
        {
            return open(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Abort()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (ObjectDisposedException)
        {
            // Its user was faster.
        }
        catch (SocketException)
        {
            // Ended by the peer, or not connected yet.
            socket.Dispose();
        }
    }

    public void Dispose() => socket.Dispose();
}
