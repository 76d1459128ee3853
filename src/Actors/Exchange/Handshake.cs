using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MoeActors.Actors.Exchange;

/// <summary>Who a side of a connection is.</summary>
/// <param name="Run">Key of the run.</param>
/// <param name="Node">Node index, for messages only: it may differ between epochs.</param>
/// <param name="Window">Payload bytes the other side may have underway to this one.</param>
/// <param name="Incarnation">Incarnation of the process.</param>
internal sealed record PeerIdentity(ulong Run, int Node, long Window, string Incarnation);

/// <summary>The listener's answer to an authenticated dialler: who this node is, or why it refuses.</summary>
internal readonly record struct Admission(PeerIdentity? Self, RefusalCode Code, string Reason);

/// <summary>
/// The handshake of a connection: Hello, Challenge, Proof, Welcome, Ready. Both sides prove by HMAC-SHA256 over both nonces and identities that they know the shared secret,
/// the dialler first, so that a stranger gets nothing to guess from. The order of checks is that of the refusals: version, secret, run, incarnation.
/// </summary>
internal static class Handshake
{
    private const int NonceBytes = 32;
    private const int MaxIncarnation = 128;

    /// <summary>The dialler's side. Returns the listener's identity.</summary>
    internal static PeerIdentity Dial(Wire wire, string secret, PeerIdentity self, string expectedIncarnation, TimeSpan limit)
    {
        Deadline deadline = new(limit);
        byte[] hello = Identity(self, RandomNumberGenerator.GetBytes(NonceBytes));
        HandshakeMessage.Write(wire, HandshakeKind.Hello, hello);
        byte[] challenge = HandshakeMessage.Read(wire, HandshakeKind.Challenge, deadline);
        HandshakeMessage.Write(wire, HandshakeKind.Proof, Proof(secret, "dialler", hello, challenge, []));
        byte[] welcome = HandshakeMessage.Read(wire, HandshakeKind.Welcome, deadline);
        if (welcome.Length < HMACSHA256.HashSizeInBytes)
        {
            throw Refuse(wire, RefusalCode.Malformed, "the welcome is too short");
        }

        ReadOnlySpan<byte> identity = welcome.AsSpan(HMACSHA256.HashSizeInBytes);
        if (!CryptographicOperations.FixedTimeEquals(welcome.AsSpan(0, HMACSHA256.HashSizeInBytes), Proof(secret, "listener", hello, challenge, identity)))
        {
            throw Refuse(wire, RefusalCode.WrongSecret, "the listening node does not know this run's secret");
        }

        PeerIdentity peer = Parse(identity) ?? throw Refuse(wire, RefusalCode.Malformed, "the welcome is malformed");
        if (peer.Incarnation != expectedIncarnation)
        {
            throw Refuse(wire, RefusalCode.OtherIncarnation, $"the listening node is incarnation {peer.Incarnation}, the table of the epoch names {expectedIncarnation}");
        }

        HandshakeMessage.Write(wire, HandshakeKind.Ready, []);
        return peer;
    }

    /// <summary>The listener's side. <paramref name="admit"/> may wait; it decides about an authenticated dialler. Returns the dialler's identity.</summary>
    internal static PeerIdentity Accept(Wire wire, string secret, Func<PeerIdentity, Admission> admit, TimeSpan limit)
    {
        Deadline deadline = new(limit);
        byte[] hello;
        try
        {
            hello = HandshakeMessage.Read(wire, HandshakeKind.Hello, deadline);
        }
        catch (ExchangeRefusedException e) when (e.Code == RefusalCode.OtherVersion)
        {
            throw Refuse(wire, RefusalCode.OtherVersion, e.Message);
        }

        PeerIdentity peer = Parse(hello) ?? throw Refuse(wire, RefusalCode.Malformed, "the hello is malformed");
        byte[] challenge = RandomNumberGenerator.GetBytes(NonceBytes);
        HandshakeMessage.Write(wire, HandshakeKind.Challenge, challenge);
        byte[] proof = HandshakeMessage.Read(wire, HandshakeKind.Proof, deadline);
        if (!CryptographicOperations.FixedTimeEquals(proof, Proof(secret, "dialler", hello, challenge, [])))
        {
            throw Refuse(wire, RefusalCode.WrongSecret, $"node {peer.Node} (incarnation {peer.Incarnation}) does not know this run's secret: set the same cluster.secret on all nodes");
        }

        Admission admission = admit(peer);
        if (admission.Self is null)
        {
            throw Refuse(wire, admission.Code, admission.Reason);
        }

        byte[] identity = Identity(admission.Self, []);
        HandshakeMessage.Write(wire, HandshakeKind.Welcome, [.. Proof(secret, "listener", hello, challenge, identity), .. identity]);
        HandshakeMessage.Read(wire, HandshakeKind.Ready, new Deadline(limit));
        return peer;
    }

    private static ExchangeRefusedException Refuse(Wire wire, RefusalCode code, string reason)
    {
        try
        {
            HandshakeMessage.WriteRefusal(wire, code, reason);
        }
        catch (IOException)
        {
            // The peer is gone: the reason stays on this side.
        }

        return new ExchangeRefusedException(code, reason);
    }

    private static byte[] Proof(string secret, string role, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> challenge, ReadOnlySpan<byte> identity)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        Span<byte> lengths = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(lengths, hello.Length);
        BinaryPrimitives.WriteInt32LittleEndian(lengths[4..], challenge.Length);
        hash.AppendData(Encoding.UTF8.GetBytes(role));
        hash.AppendData(lengths);
        hash.AppendData(hello);
        hash.AppendData(challenge);
        hash.AppendData(identity);
        return hash.GetHashAndReset();
    }

    private static byte[] Identity(PeerIdentity identity, ReadOnlySpan<byte> nonce)
    {
        byte[] incarnation = Encoding.UTF8.GetBytes(identity.Incarnation);
        byte[] numbers = new byte[20];
        BinaryPrimitives.WriteUInt64LittleEndian(numbers, identity.Run);
        BinaryPrimitives.WriteInt32LittleEndian(numbers.AsSpan(8), identity.Node);
        BinaryPrimitives.WriteInt64LittleEndian(numbers.AsSpan(12), identity.Window);

        // The length, so that the nonce behind it cannot be read as a part of the name.
        return [.. numbers, checked((byte)incarnation.Length), .. incarnation, .. nonce];
    }

    private static PeerIdentity? Parse(ReadOnlySpan<byte> body)
    {
        if (body.Length < 21 || body[20] is 0 or > MaxIncarnation || body.Length < 21 + body[20])
        {
            return null;
        }

        long window = BinaryPrimitives.ReadInt64LittleEndian(body[12..]);
        return window < 1
            ? null
            : new PeerIdentity(
                BinaryPrimitives.ReadUInt64LittleEndian(body), BinaryPrimitives.ReadInt32LittleEndian(body[8..]), window,
                Encoding.UTF8.GetString(body.Slice(21, body[20])));
    }
}
