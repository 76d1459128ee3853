using System.Security.Cryptography;
using System.Text;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster;

/// <summary>
/// PURE: challenge and response over the shared secret, both ways, inside a connection that has been proven already (SE-1): where certificates prove it, a wrong secret is noticed here, before the data plane needs it.
/// </summary>
public static class KnockProof
{
    /// <summary>A knock with a fresh nonce.</summary>
    public static Knock Make(string secret, bool joins)
    {
        string nonce = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        return new Knock(ProtocolVersion.Current, ProtocolVersion.Build, nonce, Hmac("knock", nonce, secret), joins);
    }

    /// <summary>Reason of the refusal, or null.</summary>
    public static string? Check(Knock knock, string secret, bool mixedBuilds = false)
    {
        if (knock.Protocol != ProtocolVersion.Current)
        {
            return $"the peer speaks protocol {knock.Protocol}, this node {ProtocolVersion.Current}: install the same version on every node";
        }

        if (!Same(knock.Proof, Hmac("knock", knock.Nonce, secret)))
        {
            return "the shared secret differs: give both sides the same cluster.secret";
        }

        return knock.Joins && !mixedBuilds && knock.Build != ProtocolVersion.Build
            ? $"the node runs another build ({knock.Build[..Math.Min(8, knock.Build.Length)]}, here {ProtocolVersion.Build[..8]}): results would differ; install the same build on every node, or set cluster.mixed-builds = on while you replace them one by one"
            : null;
    }

    /// <summary>The counter-proof of the door's side.</summary>
    public static string Answer(string nonce, string secret) => Hmac("answer", nonce, secret);

    /// <summary>Whether the door knows the secret too.</summary>
    public static bool IsAnswer(KnockAnswer answer, string nonce, string secret) => Same(answer.Proof, Answer(nonce, secret));

    private static string Hmac(string role, string nonce, string secret) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{role}:{nonce}")));

    private static bool Same(string a, string b) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
