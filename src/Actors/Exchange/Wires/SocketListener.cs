using System.Net.Sockets;

namespace MoeActors.Actors.Exchange.Wires;

/// <summary>A listening socket of any family. Owns it.</summary>
/// <param name="socket">Bound and listening.</param>
/// <param name="address">What peers are told to dial.</param>
/// <param name="open">Makes the wire of an accepted socket.</param>
/// <param name="closed">Removes what the listening left behind; called once.</param>
internal sealed class SocketListener(Socket socket, string address, Func<Socket, Wire> open, Action? closed = null) : IWireListener
{
    private int disposed;

    public string Address => address;

    public IConnection? Accept()
    {
        while (true)
        {
            try
            {
                return new SocketConnection(socket.Accept(), null, open);
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
            catch (SocketException) when (Volatile.Read(ref disposed) == 0)
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
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            socket.Dispose();
            closed?.Invoke();
        }
    }
}
