using System.Security.Cryptography;

using CsCheck;

using MoeActors.Actors.ControlPlane;

namespace MoeActors.Actors.Tests.ControlPlane;

public sealed class SecretKeyTests
{
    [Fact]
    public void A_secret_gives_the_same_key_in_every_process_and_build()
    {
        using ECDsa key = SecretKey.Of("0123456789abcdef");
        Assert.Equal(Fixed, Convert.ToHexString(key.ExportParameters(includePrivateParameters: false).Q.X!));
    }

    // HKDF-SHA256, salt empty, info "moe-actors control plane 1", 40 bytes, modulo the group's order less one, plus one: computed apart.
    private const string Fixed = "5EB610415BE4FFAB5C22523587A5520A0CFA97098F2DBD618A916F4AF6FC8D9E";

    [Fact]
    public void Another_secret_gives_another_key() => Gen.Select(Gen.String[16, 40], Gen.String[16, 40]).Where((a, b) => a != b).Sample(
        (a, b) =>
        {
            using ECDsa one = SecretKey.Of(a), two = SecretKey.Of(b), again = SecretKey.Of(a);
            return !Public(one).SequenceEqual(Public(two)) && Public(one).SequenceEqual(Public(again));
        },
        iter: 200);

    private static byte[] Public(ECDsa key) => key.ExportSubjectPublicKeyInfo();
}
