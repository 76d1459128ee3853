using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using MoeActors.Actors.Exchange;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.ControlPlane;

/// <summary>
/// What one side of a control connection shows and accepts (SE-1). Every connection is mutual TLS 1.3: with the configured certificates, or with the key that only the cluster's secret gives.
/// Immutable but for disposal; thread-safe.
/// </summary>
public sealed class ControlCredentials : IDisposable
{
    // A handshake with keys of the secret is about 740 bytes from the dialler, with a hybrid key exchange about 2 KiB; chains of certificates are longer.
    private const int SecretHandshake = 4 << 10;

    private readonly X509Certificate2 own;
    private readonly SslStreamCertificateContext context;
    private readonly X509Certificate2Collection authorities;
    private readonly byte[]? pinned;

    private ControlCredentials(X509Certificate2 own, X509Certificate2Collection chain, X509Certificate2Collection authorities, bool pin, bool secret)
    {
        (this.own, this.authorities) = (own, authorities);
        pinned = pin ? own.PublicKey.ExportSubjectPublicKeyInfo() : null;
        context = SslStreamCertificateContext.Create(own, chain, offline: true);
        (FromSecret, HandshakeLimit) = (secret, secret ? SecretHandshake : HandshakeStream.CertificateLimit);
    }

    /// <summary>Whether the cluster's secret is what is proven; false: certificates.</summary>
    public bool FromSecret { get; }

    /// <summary>Most bytes that a peer may send before it has proven itself.</summary>
    internal int HandshakeLimit { get; }

    /// <summary>Credentials of everyone who knows <paramref name="secret"/>.</summary>
    public static ControlCredentials OfSecret(string secret)
    {
        ArgumentException.ThrowIfNullOrEmpty(secret);
        return new(SecretKey.Certificate(secret), [], [], pin: true, secret: true);
    }

    /// <summary>Credentials from certificate files; throws <see cref="SpecException"/> naming the file that cannot be used.</summary>
    public static ControlCredentials OfCertificates(ControlTls tls)
    {
        ArgumentNullException.ThrowIfNull(tls);
        X509Certificate2Collection all = Load(tls.CertificateFile, "certificate", () => X509CertificateLoader.LoadPkcs12CollectionFromFile(tls.CertificateFile, tls.Password));
        X509Certificate2 own = all.FirstOrDefault(c => c.HasPrivateKey)
            ?? throw new SpecException($"cluster.tls.certificate = {tls.CertificateFile}: holds no private key; expected a PKCS#12 file with this node's certificate and its key");
        X509Certificate2Collection authorities = [];
        if (tls.AuthorityFile is { } authority)
        {
            Load(authority, "authority", () => { authorities.ImportFromPemFile(authority); return authorities; });
            if (authorities.Count == 0)
            {
                throw new SpecException($"cluster.tls.authority = {authority}: holds no certificate; expected a PEM file with the certificates of the authorities");
            }
        }

        return new ControlCredentials(own, [.. all.Where(c => c != own)], authorities, pin: authorities.Count == 0, secret: false);
    }

    /// <summary>The node's or client's credentials: its certificates where it has some, else the secret.</summary>
    public static ControlCredentials Of(ControlTls? tls, string secret) => tls is null ? OfSecret(secret) : OfCertificates(tls);

    /// <inheritdoc/>
    public void Dispose()
    {
        own.Dispose();
        foreach (X509Certificate2 authority in authorities)
        {
            authority.Dispose();
        }
    }

    internal SslServerAuthenticationOptions Server() => new()
    {
        ServerCertificateContext = context,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = (_, shown, sent, _) => IsTrusted(shown, sent, host: null),
    };

    /// <param name="host">Host that was dialled: the peer's certificate has to be for it.</param>
    /// <param name="strange">Told when the peer showed something that is not of this cluster.</param>
    internal SslClientAuthenticationOptions Client(string host, Action strange) => new()
    {
        // Sent in the clear (SNI): who listens on the way need not learn more than the address.
        TargetHost = "moe",
        ClientCertificateContext = context,
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = (_, shown, sent, _) =>
        {
            bool trusted = IsTrusted(shown, sent, host);
            if (!trusted)
            {
                strange();
            }

            return trusted;
        },
    };

    /// <summary>
    /// A pinned key needs no name and no date: possession is the proof. Otherwise an authority of ours must have signed the certificate, and the one that was dialled must have it for that host.
    /// </summary>
    private bool IsTrusted(X509Certificate? shown, X509Chain? sent, string? host)
    {
        if (shown is not X509Certificate2 certificate)
        {
            return false;
        }

        if (pinned is not null)
        {
            return CryptographicOperations.FixedTimeEquals(certificate.PublicKey.ExportSubjectPublicKeyInfo(), pinned);
        }

        using X509Chain chain = new() { ChainPolicy = Policy() };
        if (sent is not null)
        {
            // The certificates between the peer's and its authority's, which the peer shows along with its own.
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        }

        return chain.Build(certificate) && (host is null || certificate.MatchesHostname(host));
    }

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private static T Load<T>(string file, string key, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new SpecException($"cluster.tls.{key} = {file}: cannot be read: {e.Message}; expected {(key == "authority" ? "a PEM file" : "a PKCS#12 file and its password")}");
        }
    }
}
