using System.Security.Cryptography.X509Certificates;

using MoeActors.Actors.Exchange;
using MoeActors.Compute.Files;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Nodes;

/// <summary>The data plane reads PEM files, the control plane a PKCS#12 file: one is made from the other, readable by this user alone.</summary>
internal static class TlsFiles
{
    /// <summary>Writes certificate and key of <paramref name="certificate"/> as PEM files into <paramref name="folder"/>.</summary>
    public static TlsOptions ForDataPlane(string certificate, string password, string? authority, string folder)
    {
        try
        {
            X509Certificate2Collection all = X509CertificateLoader.LoadPkcs12CollectionFromFile(certificate, password, X509KeyStorageFlags.Exportable);
            X509Certificate2 pair = all.FirstOrDefault(c => c.HasPrivateKey)
                ?? throw new SpecException($"cluster.tls.certificate = {certificate}: holds no private key; expected a PKCS#12 file with this node's certificate and its key");
            string key = (pair.GetRSAPrivateKey()?.ExportPkcs8PrivateKeyPem() ?? pair.GetECDsaPrivateKey()?.ExportPkcs8PrivateKeyPem())
                ?? throw new SpecException($"cluster.tls.certificate = {certificate}: expected a PKCS#12 file with an RSA or ECDSA private key");
            string certificateFile = Path.Combine(folder, "tls", "node.crt"), keyFile = Path.Combine(folder, "tls", "node.key");
            PrivateFiles.CreateFolder(Path.Combine(folder, "tls"));
            PrivateFiles.Replace(certificateFile, string.Join('\n', all.Where(c => c != pair).Prepend(pair).Select(c => c.ExportCertificatePem())), durable: false);
            PrivateFiles.Replace(keyFile, key, durable: false);
            return new TlsOptions { CertificateFile = certificateFile, KeyFile = keyFile, AuthorityFile = authority };
        }
        catch (System.Security.Cryptography.CryptographicException e)
        {
            throw new SpecException($"cluster.tls.certificate = {certificate}: cannot be opened with cluster.tls.password ({e.Message}); expected a PKCS#12 file and its password");
        }
    }
}
