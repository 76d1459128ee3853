using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

using Akka.Actor;

using Google.Protobuf;

namespace MoeActors.Actors.Tests.ControlPlane;

/// <summary>
/// Speaks Akka's remote protocol and the framing of the control plane without a line of either: associates, and sends any message to any actor path. With the cluster's credentials everything arrives; what it
/// is for is to show that without them nothing does.
/// </summary>
internal sealed class HostileClient : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private Stream stream = Stream.Null;
    private bool bigEndian;

    public Stream Stream => stream;

    /// <summary>Plain bytes, frames as Akka's own TCP transport has them.</summary>
    public static async Task<HostileClient> PlainAsync(IPEndPoint to, CancellationToken cancel)
    {
        var client = new HostileClient();
        await client.socket.ConnectAsync(to, cancel);
        client.stream = new NetworkStream(client.socket, ownsSocket: true);
        client.bigEndian = false;
        return client;
    }

    /// <summary>TLS that trusts whatever it meets, with a certificate or without one.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5359:Do Not Disable Certificate Validation", Justification = "An attacker does not mind whom it attacks.")]
    public static async Task<HostileClient> TlsAsync(IPEndPoint to, X509Certificate2? certificate, CancellationToken cancel)
    {
        HostileClient client = await PlainAsync(to, cancel);
        var tls = new SslStream(client.stream);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "moe",
                EnabledSslProtocols = SslProtocols.Tls13,
                ClientCertificates = certificate is null ? [] : [certificate],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate!,
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
            },
            cancel);
        client.stream = tls;
        return client;
    }

    /// <summary>Whether the other side greets, as it does to those it has accepted.</summary>
    public async Task<bool> IsGreetedAsync(CancellationToken cancel)
    {
        try
        {
            await stream.ReadExactlyAsync(new byte[8], cancel);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public async Task FrameAsync(byte[] payload, CancellationToken cancel)
    {
        byte[] frame = new byte[4 + payload.Length];
        if (bigEndian)
        {
            BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length);
        }
        else
        {
            BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        }

        payload.CopyTo(frame, 4);
        await stream.WriteAsync(frame, cancel);
    }

    /// <summary>"I am this system": any address it likes.</summary>
    public static byte[] Associate(Address origin, ulong uid = 77) => Message(w =>
    {
        Nested(w, 2, instruction =>
        {
            instruction.WriteTag(1, WireFormat.WireType.Varint);
            instruction.WriteEnum(1);
            Nested(instruction, 2, info =>
            {
                Nested(info, 1, address =>
                {
                    Text(address, 1, origin.System);
                    Text(address, 2, origin.Host!);
                    address.WriteTag(3, WireFormat.WireType.Varint);
                    address.WriteUInt32((uint)origin.Port!);
                    Text(address, 4, origin.Protocol.Replace("akka.", "", StringComparison.Ordinal));
                });
                info.WriteTag(2, WireFormat.WireType.Fixed64);
                info.WriteFixed64(uid);
            });
        });
    });

    /// <summary>A message for the actor at <paramref name="recipient"/>, a whole path with its address.</summary>
    public static byte[] Envelope(string recipient, byte[] message, int serializer, string manifest, string? sender) => Message(w =>
    {
        byte[] container = Message(c => Nested(c, 2, envelope =>
        {
            Nested(envelope, 1, r => Text(r, 1, recipient));
            Nested(envelope, 2, payload =>
            {
                payload.WriteTag(1, WireFormat.WireType.LengthDelimited);
                payload.WriteBytes(ByteString.CopyFrom(message));
                payload.WriteTag(2, WireFormat.WireType.Varint);
                payload.WriteInt32(serializer);
                payload.WriteTag(3, WireFormat.WireType.LengthDelimited);
                payload.WriteBytes(ByteString.CopyFromUtf8(manifest));
            });
            if (sender is not null)
            {
                Nested(envelope, 4, s => Text(s, 1, sender));
            }

            envelope.WriteTag(5, WireFormat.WireType.Fixed64);
            envelope.WriteFixed64(ulong.MaxValue);
        }));
        w.WriteTag(1, WireFormat.WireType.LengthDelimited);
        w.WriteBytes(ByteString.CopyFrom(container));
    });

    public void Dispose()
    {
        stream.Dispose();
        socket.Dispose();
    }

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            write(output);
        }

        return buffer.ToArray();
    }

    private static void Nested(CodedOutputStream output, int field, Action<CodedOutputStream> write)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(Message(write)));
    }

    private static void Text(CodedOutputStream output, int field, string text)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(text);
    }
}
