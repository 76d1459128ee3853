using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MoeActors.Actors.Exchange;

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
        SslStream stream = new(new NetworkStream(socket, ownsSocket: true));
        try
        {
            if (server)
            {
                stream.AuthenticateAsServer(new SslServerAuthenticationOptions
                {
                    ServerCertificate = identity.Certificate,
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
                    ClientCertificates = [identity.Certificate],
                    EnabledSslProtocols = SslProtocols.Tls13,
                    AllowRenegotiation = false,
                    RemoteCertificateValidationCallback = identity.Check,
                });
            }

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
    private readonly X509Certificate2Collection authorities = [];

    internal TlsIdentity(TlsOptions options)
    {
        Certificate = Load(options.CertificateFile, () => X509Certificate2.CreateFromPemFile(options.CertificateFile, options.KeyFile));
        string authority = options.AuthorityFile ?? options.CertificateFile;
        Load(authority, () => { authorities.ImportFromPemFile(authority); return true; });
    }

    internal X509Certificate2 Certificate { get; }

    public void Dispose()
    {
        Certificate.Dispose();
        foreach (X509Certificate2 authority in authorities)
        {
            authority.Dispose();
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
