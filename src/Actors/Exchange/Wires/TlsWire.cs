using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MoeActors.Actors.Exchange.Wires;

/// <summary>A TCP socket under mutual TLS. Copies through the stream's own buffers; an idle read has no time limit (keep-alive probes find dead hosts).</summary>
internal sealed class TlsWire : Wire
{
    private readonly Socket socket;
    private readonly SslStream stream;
    private readonly ExchangeOptions options;

    private TlsWire(Socket socket, SslStream stream, ExchangeOptions options) => (this.socket, this.stream, this.options) = (socket, stream, options);

    /// <summary>Does the TLS handshake. Owns the socket from here on, also when it throws.</summary>
    internal static TlsWire Open(Socket socket, ExchangeOptions options, TlsIdentity identity, bool server)
    {
        SocketWire.Prepare(socket, options);
        HandshakeStream raw = new(new NetworkStream(socket, ownsSocket: true), HandshakeStream.CertificateLimit);
        SslStream stream = new(raw);
        try
        {
            if (server)
            {
                stream.AuthenticateAsServer(new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = identity.Shown,
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    AllowRenegotiation = false,
                    RemoteCertificateValidationCallback = identity.Check,
                });
            }
            else
            {
                stream.AuthenticateAsClient(new SslClientAuthenticationOptions
                {
                    TargetHost = "moe-exchange",
                    ClientCertificateContext = identity.Shown,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    AllowRenegotiation = false,
                    RemoteCertificateValidationCallback = identity.Check,
                });
            }

            raw.Proven();
            return new TlsWire(socket, stream, options);
        }
        catch (AuthenticationException e)
        {
            stream.Dispose();
            throw new IOException($"TLS: {e.Message}", e);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    internal override void BeginFrames()
    {
        socket.ReceiveTimeout = 0;
        socket.SendTimeout = (int)options.StallTimeout.TotalMilliseconds;
    }

    internal override int Receive(Span<byte> into, bool all) => stream.Read(into);

    internal override void Send(ReadOnlySpan<byte> head, ReadOnlySpan<byte> body)
    {
        if (!head.IsEmpty)
        {
            stream.Write(head);
        }

        if (!body.IsEmpty)
        {
            stream.Write(body);
        }
    }

    internal override void Shutdown()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Already ended by the peer.
        }
    }

    public override void Dispose() => stream.Dispose();
}

/// <summary>This node's certificate and the authority peers are checked against, loaded once.</summary>
internal sealed class TlsIdentity : IDisposable
{
    private readonly X509Certificate2 own;
    private readonly X509Certificate2Collection between = [], authorities = [];

    internal TlsIdentity(TlsOptions options)
    {
        own = Load(options.CertificateFile, () => X509Certificate2.CreateFromPemFile(options.CertificateFile, options.KeyFile));
        Load(options.CertificateFile, () => { between.ImportFromPemFile(options.CertificateFile); return true; });
        if (options.AuthorityFile is { } authority)
        {
            Load(authority, () => { authorities.ImportFromPemFile(authority); return true; });
        }
        else
        {
            authorities.Add(own);
        }

        Shown = SslStreamCertificateContext.Create(own, between, offline: true);
    }

    /// <summary>This node's certificate, with those between it and its authority.</summary>
    internal SslStreamCertificateContext Shown { get; }

    public void Dispose()
    {
        foreach (X509Certificate2 certificate in authorities.Concat(between).Append(own))
        {
            certificate.Dispose();
        }
    }

    internal bool Check(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (shown is not X509Certificate2 certificate)
        {
            return false;
        }

        using X509Chain own = new();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.AddRange(authorities);
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (chain is not null)
        {
            own.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
        }

        return own.Build(certificate);
    }

    private static T Load<T>(string file, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ExchangeException($"cluster.tls: {file} cannot be used: {e.Message}", e);
        }
    }
}
