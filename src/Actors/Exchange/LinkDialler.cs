using System.Net.Sockets;

namespace MoeActors.Actors.Exchange;

/// <summary>Makes connections, dialled and accepted, up to the point where frames flow. Runs on the thread that then receives.</summary>
internal sealed class LinkDialler(SocketExchange owner, ExchangeOptions options, TransportSet transports)
{
    private const int FirstPauseMs = 10;
    private const int LongestPauseMs = 250;

    /// <summary>
    /// Dials until the link is up or has ended. A peer that does not answer is reported as lost at once and dialled on: it may be late, membership decides.
    /// </summary>
    internal void Dial(PeerLink link)
    {
        bool reported = false;
        for (int pause = FirstPauseMs; !link.Ended; pause = Math.Min(pause * 2, LongestPauseMs))
        {
            try
            {
                if (TryDial(link))
                {
                    return;
                }
            }
            catch (ExchangeRefusedException e) when (e.Code != RefusalCode.NotListed)
            {
                owner.OnRefused($"node {link.Peer.Node} at {link.Peer.Address}: {e.Message}");
                link.End(e.Message, new ExchangeRefusedException(e.Code, $"connection to node {link.Peer.Node} at {link.Peer.Address}: {e.Message}"));
                return;
            }
            catch (ExchangeRefusedException)
            {
                // The peer has not begun this epoch yet.
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or ExchangeException)
            {
                // A name that has no number now may have one later: it is dialled on as well.
                if (!reported && !link.Ended)
                {
                    reported = true;
                    owner.OnLost(link, $"cannot be reached at {link.Peer.Address}: {e.Message.ToLowerInvariant()}");
                }
            }

            link.Pause(pause);
        }
    }

    /// <summary>Serves an accepted connection to its end.</summary>
    internal void Serve(IConnection connection, Action admitted)
    {
        try
        {
            using Wire wire = connection.Open();
            PeerLink? link = null;
            PeerIdentity peer = Handshake.Accept(wire, options.Secret, p => owner.Admit(p, out link), options.HandshakeTimeout);
            admitted();
            if (owner.IsCut(link!.Peer))
            {
                throw new IOException("an injected partition");
            }

            link = owner.Renewed(link!);
            link.Run(wire, peer.Window);
        }
        catch (ExchangeRefusedException e)
        {
            owner.OnRefused(e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            owner.OnRefused($"a connection ended before its handshake did: {e.Message.ToLowerInvariant()}");
        }
    }

    private bool TryDial(PeerLink link)
    {
        if (owner.SelfIn(link) is not { } self)
        {
            return false;
        }

        if (owner.IsCut(link.Peer))
        {
            throw new IOException("an injected partition");
        }

        IConnection connection = transports.For(link.Peer.Address).Dial(link.Peer.Address);
        try
        {
            link.Connect(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        using Wire wire = connection.Open();
        PeerIdentity peer = Handshake.Dial(wire, options.Secret, self, link.Peer.Incarnation, options.HandshakeTimeout);
        link.Run(wire, peer.Window);
        return true;
    }
}
