using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MoeActors.Actors.ControlPlane;

/// <summary>
/// PURE but for the certificate's signature: the key pair that everyone who knows the cluster's secret can make, and nobody else. HKDF-SHA256 (RFC 5869) over the secret gives the scalar of a P-256 key;
/// both ends of a connection show a certificate with it and accept no other key, so that TLS itself proves the secret.
/// </summary>
internal static class SecretKey
{
    // 64 bits more than the group's order has: the remainder is then as good as uniform (FIPS 186-5, A.2.1).
    private const int SeedBytes = 40;

    private static readonly BigInteger Order = BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", System.Globalization.NumberStyles.HexNumber, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The key of a secret; the caller frees it.</summary>
    internal static ECDsa Of(string secret)
    {
        byte[] seed = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret), SeedBytes, salt: null, info: "moe-actors control plane 1"u8.ToArray());
        BigInteger scalar = (new BigInteger(seed, isUnsigned: true, isBigEndian: true) % (Order - 1)) + 1;
        byte[] d = new byte[32];
        byte[] digits = scalar.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(d, d.Length - digits.Length);
        return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = d });
    }

    /// <summary>A certificate with the secret's key, signed by itself. It never ends: what it proves is the key, whatever a machine's clock says.</summary>
    internal static X509Certificate2 Certificate(string secret)
    {
        using ECDsa key = Of(secret);
        var request = new CertificateRequest("CN=moe", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(9999, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }
}
