using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Remote.Transport.DotNetty;

using MoeActors.Compute.Models;

namespace MoeActors.Actors.Cluster;

/// <summary>Makes the actor systems of the control plane, and the addresses their peers have: TLS has a scheme of its own.</summary>
public static class ControlSystem
{
    /// <summary>Starts a system; throws <see cref="SpecException"/> when a certificate cannot be read.</summary>
    /// <param name="config">Configuration, see <see cref="AkkaSettings"/>.</param>
    /// <param name="tls">TLS, or null.</param>
    public static ActorSystem Create(Config config, ControlTls? tls) => Create(config, tls, null);

    /// <summary>Likewise, with a control plane that can be cut where <paramref name="cut"/> is given; the configuration names its transport.</summary>
    internal static ActorSystem Create(Config config, ControlTls? tls, ControlCut? cut)
    {
        ActorSystemSetup setup = ActorSystemSetup.Create(BootstrapSetup.Create().WithConfig(config.WithFallback(LogDrain.Settings)));
        setup = cut is null ? setup : setup.And(new ControlCutSetup(cut));
        ActorSystem system = ActorSystem.Create(AkkaSettings.SystemName, tls is null ? setup : setup.And(Setup(tls)));
        if (system.Settings.Loggers.Count > 0)
        {
            LogDrain.Attach(system);
        }

        return system;
    }

    /// <summary>Address of the system at "host:port" that speaks as <paramref name="system"/> does; throws <see cref="SpecException"/>.</summary>
    public static Address AddressOf(ActorSystem system, string hostPort)
    {
        ArgumentNullException.ThrowIfNull(system);
        string protocol = ((ExtendedActorSystem)system).Provider.DefaultAddress.Protocol;
        try
        {
            return Address.Parse($"{protocol}://{AkkaSettings.SystemName}@{hostPort}") is { Host: not null, Port: not null } address ? address : throw new UriFormatException();
        }
        catch (UriFormatException)
        {
            throw new SpecException($"'{hostPort}': expected HOST:PORT");
        }
    }

    private static DotNettySslSetup Setup(ControlTls tls)
    {
        X509Certificate2 own = Load(tls.CertificateFile, "certificate", () => X509CertificateLoader.LoadPkcs12FromFile(tls.CertificateFile, tls.Password));
        X509Certificate2Collection roots = [];
        if (tls.AuthorityFile is { } authority)
        {
            Load(authority, "authority", () => { roots.ImportFromPemFile(authority); return roots; });
        }
        else
        {
            roots.Add(own);
        }

        return new DotNettySslSetup(own, suppressValidation: false, requireMutualAuthentication: true, (certificate, _, _, _, _) => IsTrusted(certificate, roots));
    }

    private static bool IsTrusted(X509Certificate2? shown, X509Certificate2Collection roots)
    {
        if (shown is null)
        {
            return false;
        }

        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(shown);
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
